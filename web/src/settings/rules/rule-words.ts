// A rule as a sentence.
import { s } from '../../i18n/settings';
import type { Id, Mailbox } from '../../jmap/types';
import { pathOf } from '../../mail/names';
import type { Rule } from './rules';

export function ruleText(rule: Rule, mailboxes: ReadonlyMap<Id, Mailbox>): string {
  const tests = rule.tests.map(test => s(`rule.${test.how}`, { field: s(`rule.${test.field}`), value: test.value }));
  const folder = rule.move && mailboxes.get(rule.move.id);
  const acts = [
    ...(rule.forward ? [s('rule.didForward', { address: rule.forward })] : []),
    ...(rule.discard ? [s('rule.didDiscard')] : []),
    ...(rule.move ? [s('rule.didMove', { folder: folder ? pathOf(folder, mailboxes) : rule.move.path })] : []),
    ...(rule.read ? [s('rule.read')] : []),
    ...(rule.star ? [s('rule.star')] : []),
    ...(rule.label ? [s('rule.didLabel', { label: rule.label })] : []),
    ...(rule.stop ? [s('rule.stop')] : []),
  ];
  return `${tests.join(s(rule.all ? 'rule.and' : 'rule.or'))} → ${acts.join(', ')}`;
}
