import { Elysia } from 'elysia'
import { guarded, type RequestGuard } from '../guard.ts'
import { assetOf, assetResponse } from './asset.ts'
import chart from './assets/chart.js' with { type: 'text' }
import copy from './assets/copy.js' with { type: 'text' }
import script from './assets/dashboard.js' with { type: 'text' }
import deliveries from './assets/deliveries.js' with { type: 'text' }
import hook from './assets/hook.js' with { type: 'text' }
import icon from './assets/icon.svg' with { type: 'text' }
import keys from './assets/keys.js' with { type: 'text' }
import live from './assets/live.js' with { type: 'text' }
import names from './assets/names.js' with { type: 'text' }
import screen from './assets/screen.js' with { type: 'text' }
import theme from './assets/theme.js' with { type: 'text' }
import themeChoice from './assets/theme-choice.js' with { type: 'text' }
import { nothingThere } from './find-page.ts'
import { stylesheet } from './stylesheet.ts'

/** What every page loads, the same for everybody. */
export function assetRoutes(guard: RequestGuard) {
  const scripts = {
    ...{ chart, copy, dashboard: script, deliveries, hook, keys, live, names, screen, theme },
    'theme-choice': themeChoice,
  }
  const files = new Map([
    ['dashboard.css', assetOf('text/css', stylesheet)],
    ['icon.svg', assetOf('image/svg+xml', icon)],
    ...Object.entries(scripts).map(
      ([name, text]) => [`${name}.js`, assetOf('text/javascript', text)] as const,
    ),
  ])
  return new Elysia().get(
    '/dashboard/assets/:name',
    ({ request, params }) =>
      guarded(guard, request, () => {
        const file = files.get(params.name)
        if (!file) throw nothingThere()
        return assetResponse(request, file)
      }),
    { detail: { hide: true } },
  )
}
