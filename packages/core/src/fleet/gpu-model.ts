// What model of GPU a name means: people write `h100`, devices say `NVIDIA H100 80GB HBM3`.

/**
 * Whether `wanted` names the model, whole words only, whatever the case, spaces and dashes: `rtx4090` is in `GeForce RTX 4090`,
 * but `A10` is not in `A100`, nor `L40` in `L40S`: those are other GPUs.
 */
export function isModel(wanted: string, model: string): boolean {
  const letters = wanted
    .toLowerCase()
    .replace(/[\s_-]/g, '')
    .split('');
  if (letters.length === 0) return false;
  const pattern = letters.map((letter) => letter.replace(/[^0-9a-z]/g, '\\$&')).join('[\\s_-]*');
  return new RegExp(`(?<![0-9a-z])${pattern}(?![0-9a-z])`).test(model.toLowerCase());
}

/** The price of a GPU: under its exact name, else under the longest name that means it, else `default`; undefined when it has none. */
export function gpuPriceMicro(gpuMicro: Readonly<Record<string, string>>, model: string): bigint | undefined {
  const names = Object.keys(gpuMicro).toSorted((a, b) => b.length - a.length || (a < b ? -1 : 1));
  const exact = names.find((name) => name.toLowerCase() === model.toLowerCase());
  const name = exact ?? names.find((candidate) => candidate !== 'default' && isModel(candidate, model)) ?? 'default';
  const price = Object.hasOwn(gpuMicro, name) ? gpuMicro[name] : undefined;
  return price === undefined ? undefined : BigInt(price);
}
