#ifndef BASE_CREDENTIALS_H
#define BASE_CREDENTIALS_H

#include <stdbool.h>

/*
 * A program that is started by hand has no $CREDENTIALS_DIRECTORY; it is set here to where systemd
 * keeps the credentials of the daemon's unit, which the daemon's user and root can read while the
 * unit runs. One that is set stays. EVEN_IF_ABSENT: also while there is no such directory, for a
 * program that names credentials in its configuration and can do without what is in them. To be
 * called before there are threads.
 */
void credentials_find(bool even_if_absent);

#endif
