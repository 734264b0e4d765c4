import { createIo } from './app/context.ts'
import { runCli } from './cli/index.ts'
import { choosePlatform } from './platform/choose.ts'

const storeThread = new URL('./store-thread.ts', import.meta.url)

choosePlatform()
  .then((platform) => runCli(process.argv.slice(2), createIo(platform, storeThread)))
  .then((code) => process.exit(code))
