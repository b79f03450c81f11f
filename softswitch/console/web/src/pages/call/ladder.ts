/** Where the lines of a trace stand in its ladder: a lane for each party, one for the switch, one for applications. */
import type { Line } from '../../api/answers'

export const SWITCH = 'switch'
export const APPLICATION = 'application'
const MOST_PARTIES = 5

export interface Lane {
  key: string
  /** Empty for the switch and the application, which the page names. */
  name: string
}

/** The caller on the left, the switch, then the other parties in the order in which they come. */
export function lanesOf(lines: Line[]): Lane[] {
  const parties = [...new Set(lines.filter((line) => line.kind === 'sip').map((line) => line.party || '?'))]
  const shown = parties.slice(0, MOST_PARTIES).map((party) => ({ key: party, name: party }))
  const lanes: Lane[] = [...shown.slice(0, 1), { key: SWITCH, name: '' }, ...shown.slice(1)]
  if (lines.some((line) => line.kind === 'application')) lanes.push({ key: APPLICATION, name: '' })
  return lanes
}

export interface Placed {
  /** The first lane and the one behind the last, from 0. */
  from: number
  to: number
  /** Which way an arrow points; empty where the line is no arrow. */
  arrow: 'left' | 'right' | ''
}

/** An arrow between two lanes for what is sent, a mark on a lane for all else. */
export function place(line: Line, lanes: Lane[]): Placed {
  const at = (key: string) => lanes.findIndex((lane) => lane.key === key)
  const middle = at(SWITCH)
  const other = line.kind === 'application' ? at(APPLICATION) : at(line.party || '?')
  if ((line.kind === 'sip' || line.kind === 'application') && other >= 0) {
    const comes = line.kind === 'sip' && line.direction === 'in'
    const isRight = comes === other < middle
    return { from: Math.min(other, middle), to: Math.max(other, middle) + 1, arrow: isRight ? 'right' : 'left' }
  }
  const own = line.kind === 'media' || line.kind === 'key' ? other : -1
  const lane = own >= 0 ? own : middle
  return { from: lane, to: lane + 1, arrow: '' }
}

/** A figure of the sound of each party, over the seconds since the trace began. */
export function curves(lines: Line[], figure: string, began: number): { party: string; points: [number, number][] }[] {
  const found = new Map<string, [number, number][]>()
  for (const line of lines) {
    const value = line.kind === 'media' ? (line.facts as Record<string, unknown>)[figure] : undefined
    if (typeof value !== 'number') continue
    const points = found.get(line.party) ?? []
    points.push([(Date.parse(line.at) - began) / 1000, value])
    found.set(line.party, points)
  }
  return [...found].map(([party, points]) => ({ party, points }))
}
