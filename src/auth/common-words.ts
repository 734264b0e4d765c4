// What people put into secrets that they think of themselves.

/** They make no phrase longer. */
export const littleWords: readonly string[] = 'a i my me it is to of in on at an be we us so do go no'.split(
  ' ',
)

export const commonWords: readonly string[] = `
  password passwort passwd passphrase passcode pass kennwort geheim secret secrets topsecret supersecret hunter
  webhook webhooks hook hooks token tokens change changeme changethis replace insert enter please your yours this that here
  letmein welcome admin administrator root user username login logon master guest owner test tests testing tester
  example sample default demo dummy foobar hello world temp temporary private public apikey access open opensesame sesame
  security secure server service client local localhost host develop developer development prod production staging stage
  todo fixme none null undefined string value placeholder random something anything whatever nothing
  postern github gitlab gitea slack stripe shopify sentry grafana discord google amazon facebook microsoft apple
  dragon monkey football baseball superman batman iloveyou sunshine princess shadow trustno michael jordan ninja mustang
  charlie daniel george summer winter spring autumn january february march april june july august september october november
  december monday tuesday wednesday thursday friday saturday sunday orange banana cheese coffee flower company internal
  internet computer correct horse battery staple lorem ipsum dolor amet super very long short mine only just make sure
  with from that what when love life good best first last name data code agent build deploy door gate key keys
  the and are you not for all can has was who why how now new old yes own ever never forever again because
  thequickbrownfox quick brown fox jumps over lazy dog cat house home work office team project product website site page app apps account
  main user users people friend friends family baby angel lovely dont tell anyone nobody someone everyone knows know think
  james john smith robert david maria mary anna peter paul mike thomas andrew martin chris alex jessica thank thanks
  money power magic star wars trek matrix gandalf merlin freedom dream happy lucky music summer hunter killer
  bitbucket linear zoom twitch dropbox square twilio claude codex openai docker linux ubuntu debian windows android
`
  .trim()
  .split(/\s+/)

/** Read onwards from their end to their beginning, and backwards, too. */
export const keyboardRows: readonly string[] = [
  ...[
    'qwertyuiop',
    'asdfghjkl',
    'zxcvbnm',
    'qwertzuiopü',
    'asdfghjklöä',
    'yxcvbnm',
    'azertyuiop',
    'qsdfghjklm',
    'wxcvbn',
  ],
  ...[
    '1234567890',
    '0123456789',
    '!@#$%^&*()',
    '!"§$%&/()=',
    'abcdefghijklmnopqrstuvwxyz',
    '0123456789abcdef',
  ],
  ...[
    '31415926535897932384626433832795',
    '27182818284590452353602874713526',
    '14142135623730950488',
    '11235813213455891442',
  ],
  ...['1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p', 'qazwsxedcrfvtgbyhnujmikolp', 'qayxswedcvfrtgbnhyzujmkiolp'],
  ...['qwertyuiopasdfghjklzxcvbnm', 'йцукенгшщзхъфывапролджэячсмитьбю', 'абвгдежзийклмнопрстуфхцчшщъыьэюя'],
]

/** Signs in place of letters. */
export const leet: Readonly<Record<string, string>> = {
  ...{ '0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '8': 'b', '9': 'g' },
  ...{ '@': 'a', $: 's', '!': 'i', '+': 't', '€': 'e', '|': 'l' },
}
