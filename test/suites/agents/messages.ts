/** Code, many scripts and emoji in many lines, of exactly so many bytes; its first line tells how long it is. */
export function longMessage(bytes: number): string {
  const head = `SAY:got the long message of ${bytes}\n`
  const encoder = new TextEncoder()
  let text = head
  for (let line = 1; encoder.encode(text).length < bytes - 400; line++) text += `${lineOf(line)}\n`
  const rest = bytes - encoder.encode(text).length - ' the end'.length
  return `${text}${'x'.repeat(rest)} the end`
}

function lineOf(line: number): string {
  const kinds = [
    `${line}: function f${line}(a, b) { return \`\${a}\` + "b" + 'c' // ${'\\'}n }`,
    `${line}: Grüße, 你好，世界 — Здравствуй, мир; こんにちは 🚀👩‍💻🇪🇺`,
    '',
    `    if [ "$x" -gt ${line} ]; then echo "<b>&amp;</b>" | sed 's/;$//'; fi`,
    `| ${line} | ~~~ *bold* __it__ [link](http://127.0.0.1/${line}?a=b&c=d#e) |`,
  ]
  return kinds[line % kinds.length] ?? ''
}
