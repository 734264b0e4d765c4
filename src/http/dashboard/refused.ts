import type { Refusal, RefusalFilter } from '../../domain/refusal.ts'
import { labelsOfGrants } from './delivery-rows.ts'
import type { Page, PageDeps } from './page.ts'
import { type Group, groupsOf, groupView } from './refusal-groups.ts'

export interface RefusedDeps extends PageDeps {
  /** What was turned away or ignored, also what is not stored yet. */
  readonly refusals: (filter: RefusalFilter) => Promise<readonly Refusal[]>
}

/** What was refused and what hooks ignored, by cause and sender, with what usually mends it. */
export async function refusedPage(deps: RefusedDeps): Promise<Page> {
  const { groups, viewOf } = await groupedRefusals(deps)
  const ignored = groups.filter(([{ code }]) => code === 'ignored').map(viewOf)
  const refused = groups.filter(([{ code }]) => code !== 'ignored').map(viewOf)
  return {
    template: 'refused',
    title: 'Refused and ignored',
    section: 'deliveries',
    live: '/dashboard/refused',
    view: {
      nothing: refused.length + ignored.length === 0,
      parts: [
        { id: 'refused', title: 'Refused', groups: refused, none: 'Nothing was refused.' },
        {
          id: 'ignored',
          title: 'Ignored by filters and presets',
          groups: ignored,
          none: 'Nothing was ignored.',
        },
      ],
    },
  }
}

/** The newest thousand, of one hook where it is named, by cause and sender; `viewOf` has the labels of their grants. */
export async function groupedRefusals(
  { store, refusals }: RefusedDeps,
  of: Pick<RefusalFilter, 'hook'> = {},
) {
  const all = await refusals({ ...of, limit: 1000 })
  const labels = await labelsOfGrants(
    store,
    all.flatMap(({ grant }) => grant ?? []),
  )
  return { groups: groupsOf(all), viewOf: (group: Group) => groupView(group, labels) }
}
