/** The section of a version in the changelog, else what is not released yet. Throws when there is neither. */
export function notesOf(changelog: string, version: string): string {
  const sections = changelog.split(/^## /m).slice(1)
  const titled = (title: string) =>
    sections.find((section) => section.split(/[\s\]]/)[0]?.replace('[', '') === title)
  const section = titled(version) ?? titled('Unreleased')
  if (!section) throw new Error(`CHANGELOG.md says nothing about ${version}.`)
  const [, ...lines] = section.split('\n')
  return `# Postern ${version}\n\n${lines.join('\n').trim()}\n`
}
