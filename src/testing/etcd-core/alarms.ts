/** Alarms that members raised. While one says NOSPACE, etcd takes no more data; reads, deletes and keepalives go on. */
import type { IAlarmRequest, IPutRequest, ITxnRequest } from 'etcd3';
import { refusal } from './refusal.js';

export interface Alarm {
  readonly memberID: string;
  readonly alarm: 'None' | 'Nospace' | 'Corrupt';
}

export class Alarms {
  readonly #raised = new Map<string, Alarm>();

  /** Gets, activates or deactivates; answers the alarms concerned. */
  answer(request: IAlarmRequest): Alarm[] {
    const alarm = kindOf(request.alarm);
    const one: Alarm = { memberID: String(request.memberID ?? 0), alarm };
    const id = `${one.memberID} ${alarm}`;
    switch (request.action ?? 'Get') {
      case 'Activate':
      case 1:
        this.#raised.set(id, one);
        return [one];
      case 'Deactivate':
      case 2:
        return this.#raised.delete(id) ? [one] : [];
      default:
        return this.raised().filter((raised) => alarm === 'None' || raised.alarm === alarm);
    }
  }

  raised(): Alarm[] {
    return [...this.#raised.values()];
  }

  clear(): void {
    this.#raised.clear();
  }

  /** Refuses what would add data while there is no space for it. */
  checkSpace(): void {
    for (const { alarm } of this.#raised.values()) if (alarm === 'Nospace') throw refusal('noSpace');
  }

  /** The same for a transaction: it adds data when one of its branches puts something itself. */
  checkTxnSpace({ success = [], failure = [] }: ITxnRequest): void {
    const puts = [...success, ...failure].map((op): IPutRequest | undefined => op.request_put);
    if (puts.some((put) => put !== undefined)) this.checkSpace();
  }
}

function kindOf(alarm: IAlarmRequest['alarm']): Alarm['alarm'] {
  if (typeof alarm === 'string') return alarm;
  return (['None', 'Nospace', 'Corrupt'] as const)[alarm ?? 0] ?? 'None';
}
