// Writes the documents that are made of the code: docs/openapi.json, docs/problems.md, docs/cli.md, docs/api-reference.md. A test compares them.
import fs from 'node:fs';
import path from 'node:path';
import { generated } from './docs/generated.ts';

const root = path.join(import.meta.dirname, '..');
for (const [file, text] of generated()) {
  fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  fs.writeFileSync(path.join(root, file), text);
  console.log(file);
}
