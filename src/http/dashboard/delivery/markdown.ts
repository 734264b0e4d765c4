import createMarkdown from 'markdown-it'

/** Longer answers are shown as they are. Characters. */
const longest = 200_000

const markdown = createMarkdown({ html: false, linkify: true, breaks: true }).disable('image')

/** Nothing but web and mail addresses becomes a link; `javascript:`, `data:` and their kind stay text. */
markdown.validateLink = (address) => /^(https?:\/\/|mailto:)/i.test(address.trim())

markdown.renderer.rules.link_open = (tokens, at, options, _, renderer) => {
  tokens[at]?.attrSet('rel', 'noopener noreferrer nofollow')
  tokens[at]?.attrSet('target', '_blank')
  return renderer.renderToken(tokens, at, options)
}
// The policy of the page allows no style attribute, which is how columns would be aligned.
for (const cell of ['th_open', 'td_open'])
  markdown.renderer.rules[cell] = (tokens, at) => {
    const align = /(left|center|right)/.exec(String(tokens[at]?.attrGet('style') ?? ''))?.[1]
    return `<${cell.slice(0, 2)}${align ? ` class="${align}"` : ''}>`
  }
markdown.renderer.rules.table_open = () =>
  '<div class="scroll" tabindex="0" role="group" aria-label="Table"><table>'
markdown.renderer.rules.table_close = () => '</table></div>'

/**
 * An agent's answer as HTML for a page under the strict policy: markup in it is text, pictures are links, headings
 * stand below those of the page. Undefined for what is too long to be laid out.
 */
export function markdownHtml(answer: string): string | undefined {
  if (answer.length > longest) return undefined
  return markdown
    .render(answer)
    .replace(/<(\/?)h([1-6])>/g, (_, end, level) => `<${end}h${Math.min(6, Number(level) + 2)}>`)
}
