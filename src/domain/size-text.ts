/** A number of bytes for people: `512 bytes`, `1.5 KiB`, `64 MiB`. */
export function sizeText(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB']
  const step = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  const count = bytes / 1024 ** step
  return `${step === 0 ? count : Number(count.toFixed(count < 10 ? 1 : 0))} ${units[step]}`
}
