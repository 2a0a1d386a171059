// Replaces modules before anything of the network is imported: cryptography by its stand-ins, and whatever a sabotage changes.
import { registerHooks } from 'node:module';

export interface Edit {
  /** The end of the module's path. */
  readonly file: string;
  readonly find: string;
  readonly put: string;
}

const standIns = ['age.ts', 'signing.ts'].map((name) => ({
  of: `/packages/seal/src/${name}`,
  url: new URL(`./ports/${name}`, import.meta.url).href,
}));

/** Throws, when the module is loaded, for an edit that does not find its place exactly once. */
export function replaceModules(edits: readonly Edit[] = []): void {
  registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context);
      const instead = standIns.find(({ of }) => found.url.endsWith(of));
      return instead ? { ...found, url: instead.url, shortCircuit: true } : found;
    },
    load(url, context, next) {
      const found = next(url, context);
      const mine = edits.filter(({ file }) => url.endsWith(file));
      if (mine.length === 0) return found;
      let source = Buffer.from(found.source as Uint8Array).toString();
      for (const { file, find, put } of mine) {
        if (source.split(find).length !== 2) throw new Error(`${file} does not hold exactly once: ${find}`);
        source = source.replace(find, () => put);
      }
      return { ...found, source };
    },
  });
}
