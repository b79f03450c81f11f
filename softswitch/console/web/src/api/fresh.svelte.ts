/** An answer that is kept fresh: asked for again when something of it has changed, and every so often. */
import { onMount } from 'svelte'
import { events } from './events.svelte'
import { sentenceOf } from './problem'

/** Milliseconds from one question to the next at least, however much changes. */
const PAUSE = 1_000
/** Milliseconds after which it is asked for again while no events come. */
const POLLED = 3_000

interface How {
  /** Types of events after which it is asked for again. */
  types?: string[]
  /** Milliseconds after which it is asked for again anyway, such as figures that no event tells; 0 is never. */
  every?: number
}

export class Fresh<Answer> {
  value = $state.raw<Answer | undefined>()
  /** Why there is no newer value; empty while all is well. */
  wrong = $state('')
  private question = 0
  private answered = 0
  private again = false
  private asked = 0
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly fetch: () => Promise<Answer>,
    private readonly how: How,
  ) {}

  /** Ask now; the answers of earlier questions no longer count. */
  async refresh(): Promise<void> {
    clearTimeout(this.timer)
    const question = ++this.question
    this.asked = performance.now()
    try {
      const value = await this.fetch()
      if (question !== this.question) return
      this.value = value
      this.wrong = ''
    } catch (error) {
      if (question !== this.question) return
      this.wrong = sentenceOf(error)
    }
    this.answered = question
    const polled = this.how.types && !events.live ? POLLED : 0
    const wait = this.again ? PAUSE : polled || this.how.every
    this.again = false
    if (wait) this.timer = setTimeout(() => this.whileSeen(), wait)
  }

  /** Something has changed: ask soon, and once for much that changes at once. */
  changed(): void {
    if (this.answered !== this.question) this.again = true
    else {
      clearTimeout(this.timer)
      this.timer = setTimeout(() => this.whileSeen(), Math.max(PAUSE / 4, this.asked + PAUSE - performance.now()))
    }
  }

  /** Nobody looks at a hidden page: it asks when it is seen again. */
  whileSeen(): void {
    if (document.visibilityState === 'visible') void this.refresh()
  }

  stop(): void {
    this.question += 1
    clearTimeout(this.timer)
  }
}

/**
 * An answer that is kept fresh while the component that calls this is shown. What `fetch` reads of the page's
 * state before it waits, such as filters, makes it ask again.
 */
export function fresh<Answer>(fetch: () => Promise<Answer>, how: How = {}): Fresh<Answer> {
  const kept = new Fresh(fetch, how)
  $effect(() => {
    void kept.refresh()
  })
  onMount(() => {
    const unfollow = how.types?.length ? events.follow(how.types, () => kept.changed()) : () => {}
    const seen = () => kept.whileSeen()
    document.addEventListener('visibilitychange', seen)
    return () => {
      kept.stop()
      unfollow()
      document.removeEventListener('visibilitychange', seen)
    }
  })
  return kept
}
