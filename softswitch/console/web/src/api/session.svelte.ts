/** Who uses the console: `/v1/session`, whose cookie the browser keeps and no script can read. */
import { ask, whenSignedOut } from './ask'
import { Problem } from './problem'

export type Role = 'admin' | 'operator' | 'viewer' | 'application'

export interface User {
  user: string
  role: Role
  extensions: string[]
  expires: string
}

const KEPT = 'softswitch.signed-in'

class Session {
  user = $state.raw<User | null>(null)
  /** Whether it is still unknown who uses the console. */
  unknown = $state(true)

  constructor() {
    whenSignedOut.call = () => this.over()
  }

  /** Take the session that a cookie stands for, if somebody has signed in here. */
  async resume(): Promise<void> {
    try {
      if (!localStorage.getItem(KEPT)) return
      this.user = await ask<User>('session')
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      this.over()
    } finally {
      this.unknown = false
    }
  }

  /** Throws Problem for a wrong password. */
  async begin(username: string, password: string): Promise<void> {
    this.user = await ask<User>('session', { method: 'POST', body: { username, password } })
    localStorage.setItem(KEPT, 'yes')
  }

  async end(): Promise<void> {
    await ask('session', { method: 'DELETE' }).catch(() => undefined)
    this.over()
  }

  private over(): void {
    this.user = null
    localStorage.removeItem(KEPT)
  }

  /** Whether the user may do what operators do; the switch judges it anyway. */
  get operates(): boolean {
    return this.user?.role === 'admin' || this.user?.role === 'operator'
  }

  get administers(): boolean {
    return this.user?.role === 'admin'
  }
}

export const session = new Session()
