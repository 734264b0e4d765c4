import { Elysia } from 'elysia'

/** The yardstick: parses the same body, checks nothing, stores nothing. */
const app = new Elysia()
  .post('/hook/:token', ({ body }) => ({ status: 'delivered', keys: Object.keys(body ?? {}).length }))
  .listen({ hostname: '127.0.0.1', port: 0 })

console.log(app.server?.port)
