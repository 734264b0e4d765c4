import { Failure } from '../../domain/error.ts'
import { type Command, requestServer } from '../command.ts'

export const dashboard: Command = {
  name: 'dashboard',
  summary: 'Print a link that opens the dashboard, once.',
  examples: ['postern dashboard', 'xdg-open "$(postern dashboard)"'],
  run: async (call) => {
    const link = await requestServer(await call.io.server(call.home), 'POST', '/api/dashboard/links')
    const url = typeof link === 'object' && link !== null && 'url' in link ? String(link.url) : undefined
    if (url === undefined) throw new Failure('internal', 'The server answered without a link.')
    if (call.json) call.out.json(link)
    else call.out.line(url)
  },
}
