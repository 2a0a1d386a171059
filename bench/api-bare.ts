// Bare Fastify that answers one route with the bytes that it is given: the floor of the bench `api`.
import fastify from 'fastify';

const [body = ''] = process.argv.slice(2);
const app = fastify();
app.get('/v1/balance', (_request, reply) => reply.type('application/json').send(body));
const url = await app.listen({ host: '127.0.0.1', port: 0 });
process.once('SIGTERM', () => process.exit(0));
console.log(url);
