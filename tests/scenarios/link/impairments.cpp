// What chance does to frames, against the closed forms of the distributions.
#include "scenarios/link/impairments.h"

#include <rapidcheck.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

using namespace tlsnic;
using namespace tlsnic::scenarios;

namespace {

constexpr int draws = 400'000;
constexpr std::uint32_t payload = 1448;

// Five standard deviations: one honest run in two million fails, and the seed is fixed.
void check_near(double found, double expected, double variance_of_mean) {
  INFO("expected " << expected << " +- " << 5 * std::sqrt(variance_of_mean));
  CHECK(std::abs(found - expected) <= 5 * std::sqrt(variance_of_mean));
}

std::vector<bool> losses(const LinkSettings& settings, std::uint64_t seed, int frames) {
  Impairments impairments(settings, seed);
  std::vector<bool> lost;
  for (int i = 0; i < frames; ++i) lost.push_back(impairments.draw(payload).lost.has_value());
  return lost;
}

double mean(const std::vector<bool>& values) {
  return static_cast<double>(std::count(values.begin(), values.end(), true)) /
         static_cast<double>(values.size());
}

}  // namespace

TEST_CASE("random loss has the rate that was asked for, and no memory") {
  const double p = GENERATE(0.0005, 0.02, 0.3, 0.9);
  LinkSettings settings;
  settings.loss = p;
  const auto lost = losses(settings, 7, draws);
  check_near(mean(lost), p, p * (1 - p) / draws);
  double after_loss = 0;
  double both = 0;
  for (std::size_t i = 1; i < lost.size(); ++i) {
    after_loss += lost[i - 1] ? 1 : 0;
    both += lost[i - 1] && lost[i] ? 1 : 0;
  }
  check_near(both / after_loss, p, p * (1 - p) / after_loss);
}

TEST_CASE("bursts: mean loss p / (p + r), mean length 1 / r") {
  const auto [p, r] = GENERATE(
      table<double, double>({{0.001, 0.1}, {0.01, 0.25}, {0.05, 0.5}, {0.2, 0.9}, {0.01, 1.0}}));
  LinkSettings settings;
  settings.bursts.to_bad = p;
  settings.bursts.to_good = r;
  const auto lost = losses(settings, 11, draws);
  const double bad = p / (p + r);
  // The states of a chain are alike for a while: lambda is how much.
  const double lambda = 1 - p - r;
  check_near(mean(lost), bad, bad * (1 - bad) * (1 + lambda) / (1 - lambda) / draws);
  double bursts = 0;
  double frames = 0;
  for (std::size_t i = 1; i + 1 < lost.size(); ++i) {
    frames += lost[i] ? 1 : 0;
    bursts += lost[i] && !lost[i + 1] ? 1 : 0;
  }
  check_near(frames / bursts, 1 / r, (1 - r) / (r * r) / bursts + 1 / (bursts * bursts));
}

TEST_CASE("bursts: each state loses at its own rate") {
  LinkSettings settings;
  settings.bursts = {0.02, 0.1, 0.01, 0.4};
  const double bad = 0.02 / 0.12;
  const double expected = bad * 0.4 + (1 - bad) * 0.01;
  const double lambda = 1 - 0.12;
  const double of_states = bad * (1 - bad) * (0.4 - 0.01) * (0.4 - 0.01) * 2 / (1 - lambda);
  check_near(mean(losses(settings, 13, draws)), expected,
             (expected * (1 - expected) + of_states) / draws);
}

TEST_CASE("a chain that can not become bad is not used") {
  LinkSettings settings;
  settings.bursts = {0, 1, 1, 1};
  CHECK_FALSE(Impairments(settings, 1).any());
  CHECK(mean(losses(settings, 1, 1000)) == 0);
}

TEST_CASE("duplicates, reordering and corruption have their rates") {
  LinkSettings settings;
  settings.duplicate = 0.03;
  settings.reorder = 0.2;
  settings.corrupt = 0.5;
  Impairments impairments(settings, 5);
  CHECK(impairments.any());
  double duplicated = 0;
  double reordered = 0;
  double corrupted = 0;
  constexpr std::uint32_t length = 5;
  std::vector<double> bits(length * 8);
  for (int i = 0; i < draws; ++i) {
    const Impairment drawn = impairments.draw(length);
    CHECK_FALSE(drawn.lost);
    duplicated += drawn.duplicated ? 1 : 0;
    reordered += drawn.reordered ? 1 : 0;
    corrupted += drawn.inverted_bit ? 1 : 0;
    if (drawn.inverted_bit) bits.at(*drawn.inverted_bit) += 1;
  }
  check_near(duplicated / draws, 0.03, 0.03 * 0.97 / draws);
  check_near(reordered / draws, 0.2, 0.2 * 0.8 / draws);
  check_near(corrupted / draws, 0.5, 0.5 * 0.5 / draws);
  // Every bit of the payload is as likely as any other.
  for (const double hits : bits) {
    const double p = 1.0 / static_cast<double>(bits.size());
    check_near(hits / corrupted, p, p * (1 - p) / corrupted);
  }
}

TEST_CASE("what hits a frame does not depend on what else hits it") {
  LinkSettings settings;
  settings.loss = settings.duplicate = settings.reorder = settings.corrupt = 0.5;
  Impairments impairments(settings, 31);
  constexpr std::size_t kinds = 4;
  double both[kinds][kinds] = {};
  for (int i = 0; i < draws; ++i) {
    const Impairment drawn = impairments.draw(payload);
    const bool hit[kinds] = {drawn.lost.has_value(), drawn.duplicated, drawn.reordered,
                             drawn.inverted_bit.has_value()};
    for (std::size_t a = 0; a < kinds; ++a)
      for (std::size_t b = 0; b < a; ++b) both[a][b] += hit[a] && hit[b] ? 1 : 0;
  }
  for (std::size_t a = 0; a < kinds; ++a)
    for (std::size_t b = 0; b < a; ++b) check_near(both[a][b] / draws, 0.25, 0.25 * 0.75 / draws);
}

TEST_CASE("0 is never and 1 is always") {
  LinkSettings settings;
  CHECK_FALSE(Impairments(settings, 3).any());
  CHECK(mean(losses(settings, 3, 1000)) == 0);
  settings.loss = 1;
  settings.duplicate = settings.reorder = settings.corrupt = 1;
  Impairments impairments(settings, 3);
  for (int i = 0; i < 1000; ++i) {
    const Impairment drawn = impairments.draw(1);
    CHECK(drawn.lost == LossCause::random);
    CHECK((drawn.duplicated && drawn.reordered && drawn.inverted_bit.value() < 8));
  }
}

TEST_CASE("no option changes what another one chooses") {
  CHECK(rc::check("loss, bursts, duplicates, reordering, corruption", [](std::uint64_t seed) {
    const auto probability = [] { return *rc::gen::inRange(0, 101) / 100.0; };
    const auto some_settings = [&] {
      LinkSettings settings;
      settings.loss = probability();
      settings.bursts = {probability(), probability(), probability(), probability()};
      settings.duplicate = probability();
      settings.reorder = probability();
      settings.corrupt = probability();
      return settings;
    };
    const LinkSettings settings = some_settings();
    const auto draw_all = [seed](const LinkSettings& each) {
      Impairments impairments(each, seed);
      std::vector<Impairment> all;
      for (int i = 0; i < 200; ++i) all.push_back(impairments.draw(100));
      return all;
    };
    const auto choices = draw_all(settings);
    const auto compare = [&](auto option, auto choice) {
      LinkSettings other = some_settings();
      other.*option = settings.*option;
      const auto others = draw_all(other);
      for (std::size_t i = 0; i < choices.size(); ++i)
        RC_ASSERT(choice(choices[i]) == choice(others[i]));
    };
    compare(&LinkSettings::duplicate, [](const Impairment& drawn) { return drawn.duplicated; });
    compare(&LinkSettings::reorder, [](const Impairment& drawn) { return drawn.reordered; });
    compare(&LinkSettings::corrupt, [](const Impairment& drawn) { return drawn.inverted_bit; });
    compare(&LinkSettings::loss,
            [](const Impairment& drawn) { return drawn.lost == LossCause::random; });
    LinkSettings bursts_alone;
    bursts_alone.bursts = settings.bursts;
    LinkSettings with_others = some_settings();
    with_others.loss = 0;
    with_others.bursts = settings.bursts;
    RC_ASSERT(losses(bursts_alone, seed, 200) == losses(with_others, seed, 200));
  }));
}

TEST_CASE("a higher rate loses the same frames and more") {
  LinkSettings settings;
  settings.loss = 0.05;
  const auto few = losses(settings, 21, 5000);
  settings.loss = 0.10;
  const auto more = losses(settings, 21, 5000);
  for (std::size_t i = 0; i < few.size(); ++i) CHECK((!few[i] || more[i]));
  CHECK(mean(more) > mean(few));
  CHECK(losses(settings, 22, 5000) != more);
  CHECK(losses(settings, 21, 5000) == more);
}
