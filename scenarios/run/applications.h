// The applications of a scenario: for each flow a client and a server, as SystemC threads.
#pragma once

#include <deque>
#include <list>
#include <systemc>

#include "host_stack/openssl/tls_session.h"
#include "protocol/random.h"
#include "scenarios/machine.h"
#include "scenarios/run/content.h"
#include "scenarios/run/flow.h"
#include "scenarios/run/openssl_contexts.h"

namespace tlsnic::scenarios {

class Applications : public sc_core::sc_module {
 public:
  // All outlive this. failures: what goes wrong is added here, one line each.
  Applications(sc_core::sc_module_name name, const Scenario& scenario, Machine& client,
               Machine& server, std::deque<Flow>& flows, const Content& content,
               std::vector<std::string>& failures);
  ~Applications() override;

  std::uint64_t finished_flows() const { return finished_; }
  std::uint64_t finished_ns() const { return finished_ns_; }  // when the last one did

 private:
  struct Side;

  void end_of_elaboration() override;
  void run_client(Flow& flow);
  void run_server(host::TcpSocket& accepted);
  Side& add_side(Flow& flow, bool is_server, host::TcpSocket& connection);
  void run_side(Side& side);
  void transfer(Side& side);
  int wait_established(Side& side);
  bool hand_over(Side& side);
  bool shake_hands(Side& side);
  bool set_record_size(Side& side);
  bool install_keys(Side& side, Direction direction, bool sends);
  void write_all(Side& side);
  bool write(Side& side, std::uint32_t size, std::uint64_t call);
  bool matches(Side& side, Bytes piece);
  std::size_t read_size(Side& side) const;
  void read_session(Side& side);
  void read_all(Side& side);
  void check_end(Side& side);
  void close(Side& side);
  bool update_keys(Side& side);
  bool is_tampered(const Side& side) const;
  void fail(const Side& side, const std::string& what);
  std::uint32_t initial_sequence() { return static_cast<std::uint32_t>(random_.next()); }

  const Scenario& scenario_;
  std::array<Machine*, 2> machines_;
  std::deque<Flow>& flows_;
  const Content& content_;
  std::vector<std::string>& failures_;
  Random random_;
  std::unique_ptr<OpensslContexts> openssl_;  // if a flow has a handshake
  std::uint64_t finished_ = 0;
  std::uint64_t finished_ns_ = 0;
  std::list<Side> sides_;
};

}  // namespace tlsnic::scenarios
