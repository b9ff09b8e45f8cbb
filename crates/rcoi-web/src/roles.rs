//! Who may do what: the one table of roles and actions. Everything the web offers asks here.

use rcoi_model::Role;

/// Something a person may do through the web.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Claim doubtful fields, answer them, take the last answer back.
    VerifyFields,
    /// Settle sheets and rooms: type a code, exclude, bind, explain.
    SettleTroubles,
    /// See the picture of any open task of the centre, not only of those held.
    SeeAnyPicture,
    /// Packets with their counts and the pages set aside.
    SeePackets,
    /// Exams, the clock, the list that blocks closing.
    SeeExams,
    /// Run the reconciliation again.
    Reconcile,
    /// Close an exam.
    CloseExam,
    /// Build the package of a closed exam.
    BuildPackage,
    /// Take the package file away.
    DownloadPackage,
    /// Create and disable users.
    ManageUsers,
}

impl Action {
    pub const ALL: [Self; 10] = [
        Self::VerifyFields,
        Self::SettleTroubles,
        Self::SeeAnyPicture,
        Self::SeePackets,
        Self::SeeExams,
        Self::Reconcile,
        Self::CloseExam,
        Self::BuildPackage,
        Self::DownloadPackage,
        Self::ManageUsers,
    ];
}

/// Every role.
pub const ROLES: [Role; 5] = [Role::Operator, Role::Verifier, Role::Senior, Role::Head, Role::Admin];

/// The matrix. An administrator manages users and sees no exam work; the head sees and closes, but does not
/// answer tasks, so nobody settles what he himself then declares settled.
#[must_use]
pub fn may(role: Role, action: Action) -> bool {
    use Action as A;
    match role {
        Role::Operator => matches!(action, A::SeePackets),
        Role::Verifier => matches!(action, A::VerifyFields),
        Role::Senior => {
            matches!(action, A::VerifyFields | A::SettleTroubles | A::SeeAnyPicture | A::SeePackets | A::SeeExams | A::Reconcile)
        }
        Role::Head => matches!(
            action,
            A::SeeAnyPicture | A::SeePackets | A::SeeExams | A::Reconcile | A::CloseExam | A::BuildPackage | A::DownloadPackage
        ),
        Role::Admin => matches!(action, A::ManageUsers),
    }
}

/// The page a role starts on.
#[must_use]
pub fn home(role: Role) -> &'static str {
    match role {
        Role::Operator => "/operator",
        Role::Verifier => "/verify",
        Role::Senior => "/senior",
        Role::Head => "/exams",
        Role::Admin => "/admin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_of_the_matrix_is_as_written_here() {
        // Columns: operator verifier senior head admin.
        let table = [
            (Action::VerifyFields, [0, 1, 1, 0, 0]),
            (Action::SettleTroubles, [0, 0, 1, 0, 0]),
            (Action::SeeAnyPicture, [0, 0, 1, 1, 0]),
            (Action::SeePackets, [1, 0, 1, 1, 0]),
            (Action::SeeExams, [0, 0, 1, 1, 0]),
            (Action::Reconcile, [0, 0, 1, 1, 0]),
            (Action::CloseExam, [0, 0, 0, 1, 0]),
            (Action::BuildPackage, [0, 0, 0, 1, 0]),
            (Action::DownloadPackage, [0, 0, 0, 1, 0]),
            (Action::ManageUsers, [0, 0, 0, 0, 1]),
        ];
        assert_eq!(table.map(|row| row.0), Action::ALL);
        for (action, cells) in table {
            for (role, cell) in ROLES.into_iter().zip(cells) {
                assert_eq!(may(role, action), cell == 1, "{role:?} {action:?}");
            }
        }
    }
}
