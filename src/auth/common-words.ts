// What people put into secrets that they think of themselves.

export const commonWords: readonly string[] = `
  my me it is password passwort passwd passphrase passcode pass kennwort geheim secret secrets topsecret supersecret hunter
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
  ...['1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p', 'qazwsxedcrfvtgbyhnujmikolp', 'qayxswedcvfrtgbnhyzujmkiolp'],
  ...['qwertyuiopasdfghjklzxcvbnm', 'йцукенгшщзхъфывапролджэячсмитьбю', 'абвгдежзийклмнопрстуфхцчшщъыьэюя'],
]

/** Signs in place of letters. */
export const leet: Readonly<Record<string, string>> = {
  ...{ '0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '8': 'b', '9': 'g' },
  ...{ '@': 'a', $: 's', '!': 'i', '+': 't', '€': 'e', '|': 'l' },
}
