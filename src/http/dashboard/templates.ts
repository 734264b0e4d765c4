import mustache from 'mustache'
import { escapeHtml, escapeMarkup } from './escape.ts'

/** Plain data for a template; what is missing is null, so that its name is looked for no further out. */
export type PageView = { readonly [name: string]: unknown }

/** Renders pages of our own templates; whatever is put in is text there. */
export interface Templates {
  /** A whole page: the named template inside `layout`. */
  page(name: string, view: PageView): string
}

/** `templates` by name, `layout` among them; each may include any other as a partial. */
export function createTemplates(templates: Readonly<Record<string, string>>): Templates {
  const writer = new mustache.Writer()
  return {
    page: (name, view) =>
      writer.render(
        templates.layout ?? '',
        view,
        { ...templates, body: templates[name] ?? '' },
        { escape: (value) => escapeHtml(String(value)) },
      ),
  }
}

/**
 * The inside of a textarea, for `{{{ }}}`: what a form sends back keeps every character. A newline goes before it,
 * because HTML drops the first one.
 */
export const textareaHtml = (text: string): string => `\n${escapeMarkup(text)}`
