import base from './assets/css/base.css' with { type: 'text' }
import channels from './assets/css/channels.css' with { type: 'text' }
import chart from './assets/css/chart.css' with { type: 'text' }
import deliveries from './assets/css/deliveries.css' with { type: 'text' }
import delivery from './assets/css/delivery.css' with { type: 'text' }
import door from './assets/css/door.css' with { type: 'text' }
import frame from './assets/css/frame.css' with { type: 'text' }
import hooks from './assets/css/hooks.css' with { type: 'text' }
import keys from './assets/css/keys.css' with { type: 'text' }
import palette from './assets/css/palette.css' with { type: 'text' }
import refused from './assets/css/refused.css' with { type: 'text' }
import session from './assets/css/session.css' with { type: 'text' }
import settings from './assets/css/settings.css' with { type: 'text' }
import tokens from './assets/css/tokens.css' with { type: 'text' }
import touch from './assets/css/touch.css' with { type: 'text' }
import { paletteCss } from './screen-html.ts'

/** One file for all pages: tokens first, then what every page has, then each page's own part, and what phones change of all. */
export const stylesheet = [
  ...[
    tokens,
    base,
    frame,
    door,
    channels,
    chart,
    deliveries,
    delivery,
    refused,
    session,
    hooks,
    settings,
    keys,
  ],
  ...[palette, paletteCss(), touch],
].join('\n')
