export * from './place-sample.ts';
export * from './decide-minute.ts';
export * from './minute.ts';
