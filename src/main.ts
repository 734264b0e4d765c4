import { createIo } from './app/context.ts'
import { runCli } from './cli/index.ts'
import { choosePlatform } from './platform/choose.ts'

choosePlatform()
  .then((platform) => runCli(process.argv.slice(2), createIo(platform)))
  .then((code) => process.exit(code))
