#include "host_stack/syscalls/run_simulation.h"

#ifdef __SANITIZE_ADDRESS__
#include <pthread.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace tlsnic::host {
namespace {

// SystemC tells AddressSanitizer which thread's stack comes next, but not where the main one is.
void announce_main_stack() {
#ifdef __SANITIZE_ADDRESS__
  pthread_attr_t attributes;
  void* bottom = nullptr;
  std::size_t size = 0;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return;
  if (pthread_attr_getstack(&attributes, &bottom, &size) == 0) {
    __sanitizer_start_switch_fiber(nullptr, bottom, size);
    __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
  }
  pthread_attr_destroy(&attributes);
#endif
}

}  // namespace

void run_simulation(const sc_core::sc_time& duration, sc_core::sc_starvation_policy policy) {
  sc_core::sc_start(duration, policy);
  announce_main_stack();
}

}  // namespace tlsnic::host
