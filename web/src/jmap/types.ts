// The objects of RFC 8620 and RFC 8621 as they go over the wire; only the properties that this client asks for.
export type Id = string;

export interface Session {
  capabilities: Record<string, Record<string, unknown>>;
  accounts: Record<
    Id,
    { name: string; isPersonal: boolean; isReadOnly: boolean; accountCapabilities: Record<string, Record<string, unknown>> }
  >;
  primaryAccounts: Record<string, Id>;
  username: string;
  apiUrl: string;
  downloadUrl: string;
  uploadUrl: string;
  eventSourceUrl: string;
  state: string;
}

export type Role = 'inbox' | 'archive' | 'drafts' | 'flagged' | 'important' | 'junk' | 'sent' | 'trash' | 'all' | 'subscribed';

export interface Mailbox {
  id: Id;
  name: string;
  parentId: Id | null;
  role: Role | null;
  sortOrder: number;
  totalEmails: number;
  unreadEmails: number;
  totalThreads: number;
  unreadThreads: number;
  isSubscribed: boolean;
  myRights: Record<string, boolean>;
}

export interface EmailAddress {
  name: string | null;
  email: string;
}

export type Keywords = Record<string, true>;

/** What a row of the list shows. */
export interface ListEmail {
  id: Id;
  threadId: Id;
  mailboxIds: Record<Id, true>;
  keywords: Keywords;
  receivedAt: string;
  from: EmailAddress[] | null;
  to: EmailAddress[] | null;
  subject: string | null;
  preview: string;
  hasAttachment: boolean;
  size: number;
}

export interface BodyPart {
  partId: string | null;
  blobId: Id | null;
  size: number;
  name: string | null;
  type: string;
  charset: string | null;
  disposition: string | null;
  cid: string | null;
}

/** A message that is open. */
export interface FullEmail extends ListEmail {
  blobId: Id;
  messageId: string[] | null;
  inReplyTo: string[] | null;
  references: string[] | null;
  sentAt: string | null;
  sender: EmailAddress[] | null;
  replyTo: EmailAddress[] | null;
  cc: EmailAddress[] | null;
  bcc: EmailAddress[] | null;
  htmlBody: BodyPart[];
  textBody: BodyPart[];
  attachments: BodyPart[];
  bodyValues: Record<string, { value: string; isTruncated: boolean; isEncodingProblem: boolean }>;
  'header:Delivered-To:asText:all'?: string[];
}

export interface Identity {
  id: Id;
  name: string;
  email: string;
  replyTo: EmailAddress[] | null;
  bcc: EmailAddress[] | null;
  textSignature: string;
  htmlSignature: string;
  mayDelete: boolean;
}

export interface GetAnswer<T> {
  state: string;
  list: T[];
  notFound: Id[];
}

export interface QueryAnswer {
  queryState: string;
  canCalculateChanges: boolean;
  position: number;
  ids: Id[];
  total?: number;
}

export interface QueryChangesAnswer {
  oldQueryState: string;
  newQueryState: string;
  total?: number;
  removed: Id[];
  added: { id: Id; index: number }[];
}

export interface ChangesAnswer {
  oldState: string;
  newState: string;
  hasMoreChanges: boolean;
  created: Id[];
  updated: Id[];
  destroyed: Id[];
}

export interface SetError {
  type: string;
  description?: string;
  properties?: string[];
}

export interface SetAnswer<T> {
  oldState: string | null;
  newState: string;
  created: Record<Id, T> | null;
  updated: Record<Id, Partial<T> | null> | null;
  destroyed: Id[] | null;
  notCreated: Record<Id, SetError> | null;
  notUpdated: Record<Id, SetError> | null;
  notDestroyed: Record<Id, SetError> | null;
}

export interface Quota {
  id: Id;
  resourceType: 'count' | 'octets';
  used: number;
  hardLimit: number;
  name: string;
  scope: string;
}

/** RFC 8621 §4.4.1. */
export type Filter = FilterCondition | { operator: 'AND' | 'OR' | 'NOT'; conditions: Filter[] };

export interface FilterCondition {
  inMailbox?: Id;
  inMailboxOtherThan?: Id[];
  before?: string;
  after?: string;
  minSize?: number;
  maxSize?: number;
  hasKeyword?: string;
  notKeyword?: string;
  hasAttachment?: boolean;
  text?: string;
  from?: string;
  to?: string;
  cc?: string;
  subject?: string;
  body?: string;
  header?: string[];
}

export interface Comparator {
  property: string;
  isAscending?: boolean;
}
