/** The time now, once a second, for spans that grow. */

class Clock {
  now = $state(Date.now())

  constructor() {
    setInterval(() => document.visibilityState === 'visible' && (this.now = Date.now()), 1_000)
  }

  /** Seconds since a moment. */
  since(iso: string): number {
    return (this.now - Date.parse(iso)) / 1_000
  }
}

export const clock = new Clock()
