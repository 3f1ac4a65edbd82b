#ifndef TESTS_STORE_FAULTS_H
#define TESTS_STORE_FAULTS_H

#include <stdbool.h>

/*
 * A layer under SQLite that fails on command. Once installed it is under every store opened after;
 * store_faults_after arms it: COUNT more writes, syncs and truncations succeed, then all fail with
 * RESULT (an SQLite code) until it is disarmed with a negative COUNT.
 */
void store_faults_install(void);
void store_faults_remove(void);
void store_faults_after(int count, int result);
/* True when something failed since it was armed. */
bool store_faults_hit(void);

#endif
