import { reachOf } from '../../manage/wait-texts.ts'
import type { Call } from '../command.ts'

/** Modules around the code; two are enough for cameras, and fit narrow terminals. */
const margin = 2

/** Draws a URL for a phone's camera, light signs on dark ground whatever the colours of the terminal. */
export async function printQrCode({ out, io }: Call, url: string): Promise<void> {
  const { linesOf, qrCodeOf } = await import('../../manage/qr-code.ts')
  const code = qrCodeOf(url, margin)
  if (code.size > io.terminal.columns) {
    out.note(`The QR code needs ${code.size} columns; this terminal has ${io.terminal.columns}.`)
    return
  }
  const lines = linesOf(code).map((text) => [{ text, width: code.size, fg: white, bg: black }])
  out.line('')
  out.screen({ lines })
  if (reachOf(url) === 'local')
    out.note('Only this machine reaches that address: a phone needs a server with --public-url.')
}

/** Of the 256 of xterm: those that no theme changes. */
const [black, white] = [16, 231]
