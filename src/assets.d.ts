/** Imported `with { type: 'text' }`. */
declare module '*.sql' {
  const text: string
  export default text
}
declare module '*.mustache' {
  const text: string
  export default text
}
declare module '*.css' {
  const text: string
  export default text
}
declare module '*.js' {
  const text: string
  export default text
}
declare module '*.svg' {
  const text: string
  export default text
}
declare module '*.md' {
  const text: string
  export default text
}
