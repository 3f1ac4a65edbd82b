#ifndef TESTS_FAKE_NAMES_H
#define TESTS_FAKE_NAMES_H

/*
 * getaddrinfo for a test program and the libraries in it. All is looked up as ever, save:
 *   missing.test  does not exist
 *   slow.test     is answered (as 127.0.0.1) only once fake_names_release was called
 *   two.test      is 127.0.0.2, then 127.0.0.1
 *   one.test      is 127.0.0.1
 */
void fake_names_release(void);
/* Makes slow.test slow (again), after waiting for all its look-ups to have ended. */
void fake_names_hold(void);

#endif
