/** How moments and spans are shown. */
import { language } from '../words/language.svelte'

/** The time of day, with the date where it is not today. */
export function moment(iso: string | null | undefined): string {
  if (!iso) return ''
  const at = new Date(iso)
  const isToday = at.toDateString() === new Date().toDateString()
  const day: Intl.DateTimeFormatOptions = isToday ? {} : { year: 'numeric', month: 'short', day: 'numeric' }
  return at.toLocaleString(language.now, { ...day, hour: '2-digit', minute: '2-digit', second: '2-digit' })
}

/** Seconds as `4:05`, or `1:02:03` from an hour on. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const tail = String(rest).padStart(2, '0')
  return hours ? `${hours}:${String(minutes).padStart(2, '0')}:${tail}` : `${minutes}:${tail}`
}

/** Octets, in the unit that fits. */
export function size(octets: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let unit = 0
  while (octets >= 1000 && unit < units.length - 1) {
    octets /= 1000
    unit += 1
  }
  return `${octets.toLocaleString(language.now, { maximumFractionDigits: unit ? 1 : 0 })} ${units[unit]}`
}
