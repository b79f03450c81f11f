/** Words and colours of the states of calls, trunks and agents. */
import { words } from '../words/language.svelte'

export type Tone = 'good' | 'warn' | 'bad' | 'plain' | 'accent'

const t = words({
  en: {
    Setup: 'Setting up', Ringing: 'Ringing', Answered: 'Answered', InCall: 'Talking', Hold: 'On hold', Busy: 'Busy',
    Cancelled: 'Cancelled', Completed: 'Ended', Error: 'Failed', Transferred: 'Transferred',
    up: 'up', down: 'down', refused: 'refused', unknown: 'unknown',
    free: 'free', ringing: 'ringing', talking: 'talking', busy: 'busy', paused: 'paused', unreachable: 'unreachable', 'wrap-up': 'after a call',
    answered: 'answered', missed: 'missed', failed: 'failed', cancelled: 'cancelled', interrupted: 'interrupted',
  },
  de: {
    Setup: 'Aufbau', Ringing: 'Klingelt', Answered: 'Angenommen', InCall: 'Im Gespräch', Hold: 'Gehalten', Busy: 'Besetzt',
    Cancelled: 'Abgebrochen', Completed: 'Beendet', Error: 'Fehlgeschlagen', Transferred: 'Weitergegeben',
    up: 'in Ordnung', down: 'aus', refused: 'abgelehnt', unknown: 'unbekannt',
    free: 'frei', ringing: 'klingelt', talking: 'spricht', busy: 'besetzt', paused: 'Pause', unreachable: 'nicht erreichbar', 'wrap-up': 'Nachbearbeitung',
    answered: 'angenommen', missed: 'verpasst', failed: 'fehlgeschlagen', cancelled: 'abgebrochen', interrupted: 'unterbrochen',
  },
}) // prettier-ignore

/** The word of a state; a state without one is shown as it is. */
export function stateWord(state: string): string {
  return (t as Record<string, string | undefined>)[state] ?? state
}

const TONES: Record<string, Tone> = {
  InCall: 'good', Answered: 'good', Ringing: 'accent', Setup: 'accent', Hold: 'warn', Error: 'bad', Busy: 'warn',
  up: 'good', down: 'bad', refused: 'bad', free: 'good', ringing: 'accent', talking: 'accent', busy: 'warn', paused: 'warn',
  unreachable: 'bad', answered: 'good', failed: 'bad', interrupted: 'bad', missed: 'warn',
  delivered: 'good', sent: 'good', ready: 'good', error: 'bad', warning: 'warn', critical: 'bad',
} // prettier-ignore

export function toneOf(state: string): Tone {
  return TONES[state] ?? 'plain'
}
