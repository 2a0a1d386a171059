// The addresses of one network: `--url a,b` names control processes that share a store; any of them will do.

/** At least one, each without a slash at its end. */
export function urlsOf(url: string): readonly [string, ...string[]] {
  const [first = '', ...more] = url
    .split(',')
    .map((each) => each.trim().replace(/\/+$/, ''))
    .filter((each, i) => each !== '' || i === 0);
  return [first, ...more];
}

export function wsUrl(url: string, path: string): string {
  return url.replace(/^http/, 'ws') + path;
}
