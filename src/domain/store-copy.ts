/** What copying a store came to; it was kept where every table is the same. */
export interface StoreCopy {
  /** Without its password. */
  readonly to: string
  /** Where it lies in the home, still. */
  readonly file: string
  readonly configFile: string
  readonly tables: readonly {
    readonly name: string
    readonly from: TableContent
    /** Read back. */
    readonly to: TableContent
    readonly same: boolean
  }[]
}

interface TableContent {
  readonly rows: number
  readonly sha256: string
}
