// Times of the chart in the reader's own zone; without this script they are UTC, and say so.

const clock = new Intl.DateTimeFormat('sv', { timeStyle: 'short' })
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })

showOwnTimes()
document.addEventListener('swapped', showOwnTimes)

function showOwnTimes() {
  for (const zone of document.querySelectorAll('.chart [data-zone]')) zone.hidden = true
  for (const tick of document.querySelectorAll('.chart [data-at]')) place(tick)
  for (const step of document.querySelectorAll('.chart [data-from]')) show(step, stepText(step.dataset))
}

function show(element, text) {
  if (element.textContent !== text) element.textContent = text
}

/** A day begins where it does here: the axis of time goes on evenly. */
function place(tick) {
  const { at, form } = tick.dataset
  const begins = new Date(at)
  if (form === 'day') {
    begins.setTime(begins.getTime() + 12 * 3_600_000)
    begins.setHours(0, 0, 0, 0)
  }
  const { begin, end } = tick.closest('.plot').dataset
  const share = (begins - new Date(begin)) / (new Date(end) - new Date(begin))
  tick.setAttribute('x', `${100 * share}%`)
  tick.setAttribute('visibility', share < 0 || share > 1 ? 'hidden' : 'visible')
  show(tick.querySelector('text'), (form === 'day' ? day : clock).format(begins))
}

function stepText({ from, to }) {
  const [begin, end] = [new Date(from), new Date(to)]
  return `${day.format(begin)} ${clock.format(begin)} to ${clock.format(end)}`
}
