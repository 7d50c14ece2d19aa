// Package mail sends plain text mails over SMTP: what a customer's contacts are told. It is built on go-mail, whose
// parts it drives itself, and is the only user of it.
//
// What it promises:
//
//   - Each mail has one recipient, so nobody sees another's address and one refusal holds up nobody else.
//   - The connection is encrypted before anything is said, and the server's certificate is checked: [StartTLS] fails when
//     the server offers no STARTTLS, and never goes on in plain text. [None] reaches loopback addresses only, for a relay
//     on the same machine; there is no way to force it further, because mails hold the customer's data.
//   - Subject and text are UTF-8 in an encoding that every mail system passes on. Nothing in them can become a header.
//   - A whole mail has one deadline; a server that is slow, silent or endless is given up, and its connection closed.
//   - An error has a kind: [ErrTemporary] may pass by itself, all others need somebody. No error holds the password.
//
// # At least once
//
// When the connection breaks after the text was sent, nobody knows whether the mail was taken; the error is
// [ErrTemporary] and [ErrUnanswered], and who tries again may send it twice. The Message-ID is made from [Message.Key] and
// the recipient, so both have the same one, by which mail systems and programs recognise a mail that came twice.
//
// What it never does: queue, retry, read mail, send HTML.
package mail
