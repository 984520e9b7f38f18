// HandshakeFollower's way through the records and messages of a direction.
#include <fmt/format.h>
#include <openssl/ssl.h>

#include "traces/tls/handshake_follower.h"
#include "traces/tls/handshake_lane.h"

namespace tlsnic::traces {
namespace {

constexpr std::uint8_t alert_warning = 1;
constexpr std::uint8_t alert_close_notify = 0;

Bytes body_of(Bytes record) {
  return record.subspan(record_header_size);
}

}  // namespace

HandshakeFollower::Step HandshakeFollower::take_record(Direction direction, Bytes record) {
  const bool said_hello = direction == Direction::client_to_server
                              ? client_hellos_ > (is_retry_requested_ ? 1 : 0)
                              : server_hello_.has_value();
  if (!said_hello) return take_hello_record(direction, record);
  if (!session_.is_negotiated) return Step::blocked;
  return session_.version == TlsVersion::tls12 ? take_tls12_record(direction, record)
                                               : take_tls13_record(direction, record);
}

HandshakeFollower::Step HandshakeFollower::take_hello_record(Direction direction, Bytes record) {
  switch (record[0]) {
    case record_handshake:
      take_messages(direction, body_of(record));
      break;
    case record_alert:
      take_alert(direction, body_of(record));
      break;
    case record_change_cipher_spec:
      // Sent after a HelloRetryRequest for middleboxes (RFC 8446, appendix D.4).
      if (is_retry_requested_)
        check_change_cipher_spec(direction, record);
      else
        malformed(direction, "ChangeCipherSpec before the hello");
      break;
    case record_application_data:
      // Early data, void since the HelloRetryRequest.
      if (direction == Direction::client_to_server && is_retry_requested_ && client_hello_ &&
          client_hello_->offers_early_data)
        break;
      malformed(direction, "application data before the hello");
      break;
    default:
      malformed(direction, fmt::format("record type {}", record[0]));
  }
  return Step::taken;
}

HandshakeFollower::Step HandshakeFollower::take_tls12_record(Direction direction, Bytes record) {
  Lane& here = *lane(direction);
  const bool is_plain_type = record[0] == record_handshake || record[0] == record_alert;
  if (record[0] == record_change_cipher_spec && !here.is_protected) {
    if (!here.messages.at_boundary())
      malformed(direction, "ChangeCipherSpec inside a handshake message");
    else if (check_change_cipher_spec(direction, record))
      here.is_protected = true;
  } else if (!is_plain_type) {
    malformed(direction, fmt::format("record type {} before the Finished", record[0]));
  } else if (here.is_protected) {
    return take_protected_record(direction, record);
  } else if (record[0] == record_handshake) {
    take_messages(direction, body_of(record));
  } else {
    take_alert(direction, body_of(record));
  }
  return Step::taken;
}

HandshakeFollower::Step HandshakeFollower::take_tls13_record(Direction direction, Bytes record) {
  switch (record[0]) {
    case record_change_cipher_spec:
      check_change_cipher_spec(direction,
                               record);  // means nothing here, except that it must be one
      return Step::taken;
    case record_alert:
      take_alert(direction, body_of(record));
      return Step::taken;
    case record_application_data:
      return take_protected_record(direction, record);
    default:
      malformed(direction, fmt::format("record type {} behind the hello", record[0]));
      return Step::taken;
  }
}

HandshakeFollower::Step HandshakeFollower::take_protected_record(Direction direction,
                                                                 Bytes record) {
  Lane& here = *lane(direction);
  const bool is_client = direction == Direction::client_to_server;
  if (here.record_number == 0 && !here.messages.at_boundary()) {
    malformed(direction, "a handshake message that goes on behind the change of keys");
    return Step::taken;
  }
  const bool may_be_early = is_client && session_.version == TlsVersion::tls13 &&
                            client_hello_->offers_early_data && here.record_number == 0;
  if (may_be_early && !accepts_early_data_) {
    const Obstacle* server = obstacle(Direction::server_to_client);
    if (server == nullptr) return Step::blocked;
    fail(direction, server->kind, "no telling if early data was accepted: " + server->text);
    return Step::taken;
  }
  if (may_be_early && *accepts_early_data_) {
    fail(direction, ObstacleKind::early_data, "the server accepted early data (0-RTT)");
    return Step::taken;
  }

  const RecordFormat& format = here.aead->format();
  const std::size_t length = record.size() - record_header_size;
  if (length < format.min_length() + format.inner_type) {
    malformed(direction, fmt::format("a protected record of {} bytes", length));
    return Step::taken;
  }
  here.plaintext.resize(length - format.min_length());
  if (!here.aead->open(record, here.record_number, here.plaintext)) {
    // Rejected early data looks like this; the server skips it too (RFC 8446, section 4.2.10).
    if (may_be_early) return Step::taken;
    fail(direction, ObstacleKind::wrong_keys,
         fmt::format(
             "the {}'s handshake record at stream byte {} does not authenticate with the key "
             "log's secret",
             sender_of(direction), here.bytes.offset()));
    return Step::taken;
  }
  ++here.record_number;

  std::uint8_t type = record[0];
  Bytes plaintext = here.plaintext;
  if (format.is_tls13) {
    while (!plaintext.empty() && plaintext[plaintext.size() - 1] == 0)
      plaintext = plaintext.first(plaintext.size() - 1);
    type = plaintext.empty() ? std::uint8_t{0} : plaintext[plaintext.size() - 1];
    if (!plaintext.empty()) plaintext = plaintext.first(plaintext.size() - 1);
  }
  if (type == record_handshake)
    take_messages(direction, plaintext);
  else if (type == record_alert)
    take_alert(direction, plaintext);
  else
    malformed(direction, fmt::format("content type {} before the Finished", type));
  return Step::taken;
}

void HandshakeFollower::take_messages(Direction direction, Bytes fragment) {
  if (fragment.empty()) {
    malformed(direction, "an empty handshake record");
    return;
  }
  while (!fragment.empty() && !is_done(direction)) {
    MessageReader& messages = lane(direction)->messages;
    switch (messages.next(fragment)) {
      case MessageReader::Status::need_more:
        break;
      case MessageReader::Status::too_large:
        fail(direction, ObstacleKind::too_large,
             fmt::format("the {}'s handshake message of type {} has {} bytes, more than {}",
                         sender_of(direction), messages.type(), messages.body_size(),
                         MessageReader::max_kept_body));
        break;
      case MessageReader::Status::message:
        take_message(direction, messages, fragment.empty());
    }
  }
}

void HandshakeFollower::take_message(Direction direction, const MessageReader& message,
                                     bool ends_record) {
  const bool is_client = direction == Direction::client_to_server;
  if (message.type() == handshake_client_hello && is_client) {
    const auto hello = parse_client_hello(message.body());
    if (!hello) return malformed(direction, "a ClientHello whose lengths do not fit");
    // The second one repeats the first one's random (RFC 8446, section 4.1.2).
    if (!client_hello_) client_hello_ = hello;
    ++client_hellos_;
    session_.client_random = client_hello_->random;
    negotiate();
  } else if (message.type() == handshake_server_hello && !is_client && !server_hello_) {
    const auto hello = parse_server_hello(message.body());
    if (!hello) return malformed(direction, "a ServerHello whose lengths do not fit");
    if (hello->is_retry_request) {
      if (is_retry_requested_) return malformed(direction, "a second HelloRetryRequest");
      is_retry_requested_ = true;
      accepts_early_data_ = false;
      return;
    }
    server_hello_ = hello;
    negotiate();
  } else if (message.type() == handshake_encrypted_extensions && !is_client) {
    const auto accepts = parse_encrypted_extensions(message.body());
    if (!accepts) return malformed(direction, "EncryptedExtensions whose lengths do not fit");
    if (!accepts_early_data_) accepts_early_data_ = accepts;
  } else if (message.type() == handshake_finished && lane(direction)->record_number > 0) {
    if (!ends_record) return malformed(direction, "data behind the Finished in its record");
    finish(direction);
  }
}

bool HandshakeFollower::check_change_cipher_spec(Direction direction, Bytes record) {
  const Bytes body = body_of(record);
  if (body.size() == 1 && body[0] == 1) return true;
  malformed(direction, "a ChangeCipherSpec that is not the single byte 1");
  return false;
}

void HandshakeFollower::take_alert(Direction direction, Bytes alert) {
  if (alert.size() != 2)
    return malformed(direction, fmt::format("an alert of {} bytes", alert.size()));
  if (alert[0] == alert_warning && alert[1] != alert_close_notify) return;
  fail_both(ObstacleKind::handshake_incomplete,
            fmt::format("the {} ended the handshake with alert {} ({})", sender_of(direction),
                        alert[1], SSL_alert_desc_string_long(alert[1])));
}

}  // namespace tlsnic::traces
