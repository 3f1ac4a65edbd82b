#include "base/heap.h"

#include "base/alloc.h"

#ifdef HEAP_OVERWRITES

#include <errno.h>
#include <malloc.h>
#include <mimalloc.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

/*
 * The program's own definitions go before those of each library that it is linked with, the C
 * library's among them. All of the family are here, so that no block of one heap comes to another.
 * Those that give a block up are weak, so that a test can look at what is given up in their place.
 */

/*
 * mimalloc takes its memory in large aligned pieces, of which few bytes are used at first. A kernel
 * that gives huge pages to everybody would make 2 MB of each.
 */
__attribute__((constructor)) static void refuse_huge_pages(void)
{
	(void)prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
}

void *malloc(size_t size)
{
	return mi_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return mi_calloc(count, size);
}

__attribute__((weak)) void free(void *data)
{
	if (data == NULL)
		return;
	explicit_bzero(data, mi_usable_size(data));
	mi_free(data);
}

__attribute__((weak)) void *realloc(void *old, size_t size)
{
	/* mi_realloc() would leave the old block's bytes behind when it moves. */
	return wiping_realloc(old, size);
}

void *reallocarray(void *old, size_t count, size_t size)
{
	size_t whole;

	if (__builtin_mul_overflow(count, size, &whole)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(old, whole);
}

void *memalign(size_t alignment, size_t size)
{
	return mi_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return mi_aligned_alloc(alignment, size);
}

int posix_memalign(void **data, size_t alignment, size_t size)
{
	return mi_posix_memalign(data, alignment, size);
}

void *valloc(size_t size)
{
	return mi_valloc(size);
}

void *pvalloc(size_t size)
{
	return mi_pvalloc(size);
}

size_t malloc_usable_size(void *data)
{
	return mi_usable_size(data);
}

#endif
