// The face of @iog/protocol: every word that crosses a wire, the route table, and the OpenAPI document that is made of it.
export * from './words.ts';
export * from './routes.ts';
export * from './routes/errors-of.ts';
export * from './openapi/document.ts';
export { exampleOf } from './openapi/example.ts';
