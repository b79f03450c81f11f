/** What changes in the switch, as it happens: `/v1/events` by Server-Sent Events, resumed where it broke off. */
import { session } from './session.svelte'

export interface Event {
  id: number
  at: string
  type: string
  subject: string
  data: Record<string, unknown>
}

export type Told = (events: Event[]) => void

const TYPES = [
  'call.started', 'call.changed', 'call.ended', 'leg.changed', 'registration.changed', 'trunk.changed',
  'queue.changed', 'message.received', 'message.changed', 'alarm.received', 'recording.finished', 'ban.began',
  'ban.ended', 'settings.changed', 'application.asked', 'error',
] // prettier-ignore
/** Milliseconds in which events are gathered, so that hundreds of calls that change cost one drawing. */
const GATHERED = 200
/** Milliseconds until the next try after an answer that is no stream, at first; each time twice as long. */
const RETRY = 3_000
const LONGEST_RETRY = 60_000

interface Follower {
  types: string[]
  told: Told
}

class Events {
  /** Whether changes come at once; pages that show live figures ask for them meanwhile. */
  live = $state(false)
  private followers = new Set<Follower>()
  private source: EventSource | null = null
  private last = 0
  private wait = RETRY
  private waiting: Event[] = []
  private retry: ReturnType<typeof setTimeout> | undefined

  /** Be told of events whose type begins with one of these; call what it returns to end that. */
  follow(types: string[], told: Told): () => void {
    const follower = { types, told }
    this.followers.add(follower)
    if (!this.source) this.open()
    return () => {
      this.followers.delete(follower)
      if (this.followers.size === 0) this.close()
    }
  }

  private open(): void {
    clearTimeout(this.retry)
    if (!session.user || this.followers.size === 0) return
    const source = new EventSource(this.last ? `v1/events?after=${this.last}` : 'v1/events')
    this.source = source
    source.onopen = () => {
      this.live = true
      this.wait = RETRY
    }
    source.onerror = () => {
      this.live = false
      // The browser tries again by itself, but not after an answer such as 404 or 401.
      if (source.readyState !== EventSource.CLOSED) return
      this.source = null
      this.retry = setTimeout(() => this.open(), this.wait)
      this.wait = Math.min(this.wait * 2, LONGEST_RETRY)
    }
    const take = (message: MessageEvent<string>) => this.take(message.data)
    source.onmessage = take
    // The name `error` is taken by the connection itself, whose errors have no data.
    for (const type of TYPES) source.addEventListener(type, (event) => 'data' in event && take(event as MessageEvent<string>))
  }

  private close(): void {
    clearTimeout(this.retry)
    this.source?.close()
    this.source = null
    this.live = false
  }

  private take(text: string): void {
    const event = JSON.parse(text) as Event
    this.last = event.id
    this.waiting.push(event)
    if (this.waiting.length === 1) setTimeout(() => this.tell(), GATHERED)
  }

  private tell(): void {
    const events = this.waiting
    this.waiting = []
    for (const { types, told } of this.followers) {
      const wanted = events.filter((event) => types.some((type) => event.type.startsWith(type)))
      if (wanted.length) told(wanted)
    }
  }
}

export const events = new Events()
