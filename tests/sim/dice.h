#ifndef TESTS_SIM_DICE_H
#define TESTS_SIM_DICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The only source of chance in a simulated run: xoshiro256** (Blackman, Vigna), filled by
 * splitmix64 from one seed. The same seed gives the same run on every machine.
 */
struct dice {
	uint64_t state[4];
};

void dice_seed(struct dice *dice, uint64_t seed);
uint64_t dice_next(struct dice *dice);
/* In [0, BOUND); BOUND is not 0. */
uint64_t dice_below(struct dice *dice, uint64_t bound);
/* In [LOW, HIGH]. */
int64_t dice_between(struct dice *dice, int64_t low, int64_t high);
/* The same, small values being likelier: each doubling has the same chance. LOW is at least 1. */
int64_t dice_skewed(struct dice *dice, int64_t low, int64_t high);
/* True PERMILLE times in a thousand. */
bool dice_permille(struct dice *dice, int permille);
void dice_bytes(struct dice *dice, void *data, size_t length);

#endif
