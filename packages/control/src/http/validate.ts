// Compiled schemas of the route table: what comes in is checked before any code sees it.
import { NameSchema, type Route, type RouteName, nameFault, routes } from '@iog/protocol';
import { Compile } from 'typebox/compile';
import { Value } from 'typebox/value';
import type { TSchema } from 'typebox';

interface Check {
  Check(value: unknown): boolean;
  Errors(value: unknown): readonly { instancePath: string; message: string; params?: { pattern?: unknown } }[];
}

export interface RouteChecks {
  readonly params: (value: unknown) => Checked;
  readonly query: (value: unknown) => Checked;
  readonly body: (value: unknown) => Checked;
}
export type Checked = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly detail: string };

let compiled: ReadonlyMap<RouteName, RouteChecks> | undefined;

/** Checks for every route; compiling them all takes some 25 ms, once a process. */
export function compileRoutes(): ReadonlyMap<RouteName, RouteChecks> {
  return (compiled ??= compileAll());
}

function compileAll(): ReadonlyMap<RouteName, RouteChecks> {
  return new Map(
    Object.entries(routes).map(([name, route]: [string, Route]) => [
      name as RouteName,
      { params: checkOf('path', route.params, true), query: checkOf('query', route.query, true), body: checkOf('body', route.body, false) },
    ]),
  );
}

/** Text from a URL is turned into the numbers and booleans that the schema names; a body is never converted. */
function checkOf(where: string, schema: TSchema | undefined, isText: boolean): (value: unknown) => Checked {
  if (!schema) return (value) => (isEmpty(value) ? { ok: true, value: undefined } : { ok: false, detail: `${where} must be empty` });
  const check = Compile(schema) as unknown as Check;
  const read = isText ? fromText(schema) : (raw: unknown) => raw;
  return (raw) => {
    const value = read(raw);
    return check.Check(value) ? { ok: true, value } : { ok: false, detail: firstError(where, check, value) };
  };
}

/** Numbers and booleans in their one spelling; what is spelt otherwise stays a text, which its schema refuses. */
function fromText(schema: TSchema): (raw: unknown) => unknown {
  const fields = (schema as { readonly properties?: Readonly<Record<string, { readonly type?: string }>> }).properties ?? {};
  return (raw) =>
    Object.fromEntries(
      Object.entries({ ...(raw as object | null) }).map(([name, text]: [string, unknown]) => [
        name,
        typeof text === 'string' && Object.hasOwn(fields, name) ? valueOf(text, fields[name]?.type) : text,
      ]),
    );
}

function valueOf(text: string, type: string | undefined): unknown {
  if (type === 'integer' && /^-?(0|[1-9][0-9]{0,15})$/.test(text)) return Number(text);
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}

/** One sentence for what is wrong: the deepest named field and why. */
function firstError(where: string, check: Check, value: unknown): string {
  const [first] = check.Errors(value);
  if (!first) return `${where} is not valid`;
  // What the compiler says of a field that a strict schema does not know.
  const isOfName = String(first.params?.pattern) === (NameSchema as { pattern?: string }).pattern;
  const fault = isOfName ? nameFault(String(Value.Pointer.Get(value, first.instancePath))) : undefined;
  const message = fault ?? (first.message === 'schema is false' ? 'is not a field of this request' : first.message);
  return `${where}${first.instancePath.replaceAll('/', '.')} ${message}`.slice(0, 300);
}
