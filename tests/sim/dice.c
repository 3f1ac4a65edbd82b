#include "dice.h"

#include <string.h>

static uint64_t split_mix(uint64_t *state)
{
	uint64_t mixed = (*state += UINT64_C(0x9e3779b97f4a7c15));

	mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
	return mixed ^ (mixed >> 31);
}

static uint64_t rotate(uint64_t value, int by)
{
	return value << by | value >> (64 - by);
}

void dice_seed(struct dice *dice, uint64_t seed)
{
	for (size_t i = 0; i < 4; i++)
		dice->state[i] = split_mix(&seed);
}

uint64_t dice_next(struct dice *dice)
{
	uint64_t *state = dice->state;
	uint64_t result = rotate(state[1] * 5, 7) * 9, shifted = state[1] << 17;

	state[2] ^= state[0];
	state[3] ^= state[1];
	state[1] ^= state[2];
	state[0] ^= state[3];
	state[2] ^= shifted;
	state[3] = rotate(state[3], 45);
	return result;
}

uint64_t dice_below(struct dice *dice, uint64_t bound)
{
	return (uint64_t)((unsigned __int128)dice_next(dice) * bound >> 64);
}

int64_t dice_between(struct dice *dice, int64_t low, int64_t high)
{
	return low + (int64_t)dice_below(dice, (uint64_t)(high - low) + 1);
}

int64_t dice_skewed(struct dice *dice, int64_t low, int64_t high)
{
	int doublings = 0;
	int64_t from, to;

	while (low << (doublings + 1) <= high)
		doublings++;
	from = low << dice_below(dice, (uint64_t)doublings + 1);
	to = from * 2 - 1 < high ? from * 2 - 1 : high;
	return dice_between(dice, from, to);
}

bool dice_permille(struct dice *dice, int permille)
{
	return (int)dice_below(dice, 1000) < permille;
}

void dice_bytes(struct dice *dice, void *data, size_t length)
{
	unsigned char *at = data;

	while (length > 0) {
		uint64_t value = dice_next(dice);
		size_t part = length < sizeof(value) ? length : sizeof(value);

		memcpy(at, &value, part);
		at += part;
		length -= part;
	}
}
