/** docs.stripe.com/currencies: amounts are in the smallest unit, and some currencies have no smaller one. */
const wholeCurrencies = 'bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf'.split(' ')
const thousandthCurrencies = ['bhd', 'jod', 'kwd', 'omr', 'tnd']

/** `12.50 EUR` */
export function moneyText(smallest: number, currency: string): string {
  const code = currency.toLowerCase()
  const places = wholeCurrencies.includes(code) ? 0 : thousandthCurrencies.includes(code) ? 3 : 2
  return `${(smallest / 10 ** places).toFixed(places)} ${currency.toUpperCase()}`
}
