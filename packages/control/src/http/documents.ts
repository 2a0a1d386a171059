// What control says of itself to anyone: its OpenAPI document, and a page for each error code.
import type { FastifyInstance, FastifyReply } from 'fastify';
import { type ErrorCode, contextFields, errors, isErrorCode, openApi, problemPath } from '@iog/protocol';

const forAnHour = { 'cache-control': 'public, max-age=3600' };

/** Made once: the same table gives the same document for as long as the process lives. */
export function serveDocuments(app: FastifyInstance): void {
  const document = JSON.stringify(openApi());
  app.get('/v1/openapi.json', (_request, reply) => reply.headers(forAnHour).type('application/json').send(document));
  app.get('/problems', (_request, reply) => page(reply, listOfCodes()));
  app.get<{ Params: { code: string } }>('/problems/:code', (request, reply) => {
    const { code } = request.params;
    return isErrorCode(code) ? page(reply, pageOf(code)) : reply.callNotFound();
  });
}

function page(reply: FastifyReply, body: string): FastifyReply {
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>IOG problems</title><style>${style}</style>${body}</html>`;
  return reply
    .headers({ ...forAnHour, ...alone })
    .type('text/html; charset=utf-8')
    .send(html);
}

/** A page that loads nothing and runs nothing. */
const alone = { 'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'" };
const style = 'body{font:16px/1.5 system-ui;max-width:42rem;margin:3rem auto;padding:0 1rem}code{background:#8882;padding:.1em .3em}';

function listOfCodes(): string {
  const rows = (Object.keys(errors) as ErrorCode[]).map(
    (code) => `<li><a href="${problemPath(code)}"><code>${code}</code></a> ${words(errors[code].sentence)}`,
  );
  return `<h1>Problems</h1><ul>${rows.join('')}</ul>`;
}

function pageOf(code: ErrorCode): string {
  const { status, sentence, next } = errors[code];
  const fields = contextFields(code).map((field) => `<code>${field}</code>`);
  const context = fields.length > 0 ? `<h2>Context</h2><p>${fields.join(', ')}` : '';
  return `<h1><code>${code}</code></h1><p>HTTP status ${status}<h2>What it means</h2><p>${words(sentence)}${context}<h2>What to do</h2><p>${words(next)}<p><a href="/problems">All problems</a>`;
}

/** A sentence of the table as HTML: its fields and commands stand out. */
function words(text: string): string {
  const escaped = text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  return escaped.replace(/`([^`]+)`/g, '<code>$1</code>').replace(/\{(\w+)\}/g, '<code>$1</code>');
}
