// Whether an answer is one that the route table, and so the OpenAPI document, says of its route. Every answer that a test's rig gets is asked.
import { type Route, type RouteName, errorsOf, isErrorCode, routes } from '@iog/protocol';
import { Compile } from 'typebox/compile';

const addresses = (Object.entries(routes) as [RouteName, Route][]).map(([name, route]) => ({
  name,
  route,
  form: new RegExp(`^${route.path.replace(/:\w+/g, '[^/]+')}$`),
}));
const compiled = new Map<RouteName, { Check(value: unknown): boolean; Errors(value: unknown): readonly unknown[] }>();

/** Throws where it is none. What reaches no route is not asked. */
export function requireDocumented(method: string, url: string, status: number, body: unknown): void {
  const [path = ''] = url.split('?');
  const found = addresses.find(({ route, form }) => route.method === method && form.test(path));
  if (!found || found.route.form !== undefined) return;
  const { name, route } = found;
  if (status === 200) {
    let check = compiled.get(name);
    if (!check) compiled.set(name, (check = Compile(route.answer)));
    if (!check.Check(body)) throw new Error(`${name} answers what it does not document: ${JSON.stringify(check.Errors(body)[0])}`);
    return;
  }
  const code = String((body as { readonly code?: unknown }).code);
  // An address that cannot be decoded reaches no route, whatever it looks like.
  if (code === 'route.unknown') return;
  if (!isErrorCode(code) || !errorsOf(route).includes(code))
    throw new Error(`${name} answers ${status} ${code}, which it does not document`);
}
