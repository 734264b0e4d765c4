import { Failure } from '../../domain/error.ts'
import { absolute, wholeNumber } from '../arguments.ts'
import type { Call, Command } from '../command.ts'
import type { ServeFlags } from '../context.ts'

export const serve: Command = {
  name: 'serve',
  summary: 'Serve capability URLs, hooks, the API and the dashboard until stopped.',
  flags: [
    { name: 'host', value: 'ADDRESS', summary: 'where to listen; 127.0.0.1 unless configured' },
    { name: 'port', value: 'PORT', summary: '7717 unless configured; 0 takes a free one' },
    { name: 'public-url', value: 'URL', summary: 'the URL under which senders reach this server' },
    { name: 'tls-cert', value: 'FILE', summary: 'PEM certificate, with --tls-key' },
    { name: 'tls-key', value: 'FILE', summary: 'PEM key, with --tls-cert' },
  ],
  examples: [
    'postern serve',
    'postern serve --public-url https://hooks.example.org',
    'postern --home /var/lib/postern serve --host 0.0.0.0 --tls-cert cert.pem --tls-key key.pem',
  ],
  run: async (call) => call.io.serve(call.home, flagsOf(call)),
}

function flagsOf({ flags, io }: Call): ServeFlags {
  const [port, publicUrl] = [flags.text('port'), flags.text('public-url')]
  const [cert, key] = [flags.text('tls-cert'), flags.text('tls-key')]
  if ((cert === undefined) !== (key === undefined))
    throw new Failure('usage', '--tls-cert and --tls-key belong together.')
  return {
    ...flags.pick('host'),
    ...(port !== undefined && { port: wholeNumber(port, '--port', 65_535) }),
    ...(publicUrl !== undefined && { publicUrl }),
    ...(cert !== undefined && { tlsCert: absolute(cert, io) }),
    ...(key !== undefined && { tlsKey: absolute(key, io) }),
  }
}
