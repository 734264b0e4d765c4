/** The size of a terminal in cells: 80 by 24 where there is none, or where it does not know its own. */
export const terminalSize = ({
  columns,
  rows,
}: {
  readonly columns?: number | undefined
  readonly rows?: number | undefined
}): { readonly columns: number; readonly rows: number } => ({ columns: columns || 80, rows: rows || 24 })
